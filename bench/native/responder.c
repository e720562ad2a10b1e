/* Gateways for benchmarks: one TCP port each on loopback, one thread each, answering Modbus TCP reads.
 *
 * A gateway has one bus: a request holds it for HOLD_US, then the answer leaves. Dead units never answer but
 * hold the bus all the same. Registers are made of unit and address, so that a client can check them.
 *
 * usage: responder FIRST_PORT GATEWAYS HOLD_US [DEAD_LIST [IMAGE]]
 * DEAD_LIST is "gateway:unit,gateway:unit,..." with gateways counted from 0. IMAGE is a file of 65,536
 * big-endian registers that every unit answers from instead. Prints "ready" once it listens.
 * build: cc -O2 -pthread -o responder responder.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 8

static char dead[1024][256];
static long hold_us;
static uint8_t image[2 * 65536 + 256];
static int has_image;

struct gateway {
    int number, listener;
};

static void hold(struct timespec *free_at)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec > free_at->tv_sec || (now.tv_sec == free_at->tv_sec && now.tv_nsec > free_at->tv_nsec))
        *free_at = now;
    free_at->tv_nsec += hold_us % 1000000 * 1000;
    free_at->tv_sec += hold_us / 1000000;
    if (free_at->tv_nsec >= 1000000000) {
        free_at->tv_nsec -= 1000000000;
        free_at->tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, free_at, NULL) != 0)
        ;
}

static size_t answer(const uint8_t *asked, uint8_t *out)
{
    unsigned unit = asked[6], function = asked[7];
    unsigned address = asked[8] << 8 | asked[9], count = asked[10] << 8 | asked[11];
    memcpy(out, asked, 4);
    out[6] = unit;
    if ((function != 3 && function != 4) || count < 1 || count > 125) {
        out[4] = 0, out[5] = 3, out[7] = function | 0x80, out[8] = 1;
        return 9;
    }
    out[4] = (3 + 2 * count) >> 8, out[5] = (3 + 2 * count) & 0xFF;
    out[7] = function, out[8] = 2 * count;
    if (has_image)
        memcpy(out + 9, image + 2 * address, 2 * count);
    for (unsigned i = 0; i < count && !has_image; i++) {
        unsigned value = (address + i) * 7 + unit;
        out[9 + 2 * i] = value >> 8, out[10 + 2 * i] = value;
    }
    return 9 + 2 * count;
}

static int whole(int client, uint8_t *asked)
{
    size_t have = 0;
    while (have < 12) {
        ssize_t got = recv(client, asked + have, 12 - have, 0);
        if (got <= 0)
            return 0;
        have += got;
    }
    return 1;
}

static void *serve(void *argument)
{
    struct gateway *gateway = argument;
    struct pollfd open_sockets[1 + CLIENTS] = {{.fd = gateway->listener, .events = POLLIN}};
    struct timespec free_at = {0, 0};
    uint8_t asked[12], out[264];
    int count = 1, one = 1;
    for (;;) {
        poll(open_sockets, count, -1);
        for (int i = count - 1; i > 0; i--) {
            if (!open_sockets[i].revents)
                continue;
            if (!whole(open_sockets[i].fd, asked)) {
                close(open_sockets[i].fd);
                open_sockets[i] = open_sockets[--count];
                continue;
            }
            if (hold_us)
                hold(&free_at);
            if (!dead[gateway->number][asked[6]])
                send(open_sockets[i].fd, out, answer(asked, out), MSG_NOSIGNAL);
        }
        if (open_sockets[0].revents && count <= CLIENTS) {
            int client = accept(gateway->listener, NULL, NULL);
            setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            open_sockets[count++] = (struct pollfd){.fd = client, .events = POLLIN};
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    int first = atoi(argv[1]), gateways = atoi(argv[2]), one = 1;
    hold_us = atol(argv[3]);
    for (char *part = argc > 4 ? strtok(argv[4], ",") : NULL; part; part = strtok(NULL, ",")) {
        int gateway = 0, unit = 0;
        if (sscanf(part, "%d:%d", &gateway, &unit) == 2)
            dead[gateway & 1023][unit & 255] = 1;
    }
    FILE *file = argc > 5 ? fopen(argv[5], "rb") : NULL;
    if (file) {
        has_image = fread(image, 1, 2 * 65536, file) == 2 * 65536;
        fclose(file);
    }
    pthread_t thread;
    for (int i = 0; i < gateways; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(first + i)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        struct gateway *gateway = malloc(sizeof *gateway);
        gateway->number = i;
        gateway->listener = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(gateway->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(gateway->listener, (void *)&address, sizeof address) || listen(gateway->listener, CLIENTS)) {
            perror("responder");
            return 1;
        }
        pthread_create(&thread, NULL, serve, gateway);
    }
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}
