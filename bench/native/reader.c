/* The yardstick: reads registers with libmodbus, one thread and one connection per gateway, and prints how
 * many reads were right and what they cost in CPU seconds.
 *
 * usage: reader FIRST_PORT GATEWAYS UNITS READS_PER_GATEWAY REGISTERS
 * build: cc -O2 -pthread -o reader reader.c $(pkg-config --cflags --libs libmodbus)
 */
#include <modbus.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static int first, units, reads, registers;

struct result {
    int number, good;
};

static void *work(void *argument)
{
    struct result *result = argument;
    uint16_t words[125];
    modbus_t *gateway = modbus_new_tcp("127.0.0.1", first + result->number);
    modbus_set_response_timeout(gateway, 3, 0);
    if (modbus_connect(gateway) == -1)
        return NULL;
    for (int i = 0; i < reads; i++) {
        int unit = 1 + i % units, address = i % 4 * 200;
        modbus_set_slave(gateway, unit);
        if (modbus_read_registers(gateway, address, registers, words) == registers
            && words[registers - 1] == (uint16_t)((address + registers - 1) * 7 + unit))
            result->good++;
    }
    modbus_close(gateway);
    modbus_free(gateway);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 6)
        return 2;
    int gateways = atoi(argv[2]), good = 0;
    first = atoi(argv[1]), units = atoi(argv[3]), reads = atoi(argv[4]), registers = atoi(argv[5]);
    pthread_t *threads = calloc(gateways, sizeof *threads);
    struct result *results = calloc(gateways, sizeof *results);
    for (int i = 0; i < gateways; i++) {
        results[i].number = i;
        pthread_create(&threads[i], NULL, work, &results[i]);
    }
    for (int i = 0; i < gateways; i++) {
        pthread_join(threads[i], NULL);
        good += results[i].good;
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("%d %.6f\n", good,
           used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    return 0;
}
