/* Records every write, truncation, sync and deletion below one folder, so that any power cut can be acted out.
 *
 * LD_PRELOAD this into a process; POWERCUT_FOLDER names the folder, POWERCUT_LOG the log. A record is
 * kind (1 byte: o open, w write, t truncate, s sync, u unlink), descriptor or path length, offset, length, data.
 * Numbers are 8 bytes little-endian. The log is written by one write() each, in the order of the calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int log_fd = -1;
static char watched[4096][256];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_open)(const char *, int, ...);

static void note(char kind, const char *path, int64_t offset, int64_t length, const void *data) {
    if (log_fd < 0) return;
    int64_t head[3] = {(int64_t)strlen(path), offset, length};
    struct iovec parts[4] = {{&kind, 1}, {head, sizeof head}, {(void *)path, (size_t)head[0]},
                             {(void *)data, data ? (size_t)length : 0}};
    pthread_mutex_lock(&lock);
    if (writev(log_fd, parts, 4) < 0) abort();
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_open = dlsym(RTLD_NEXT, "open64");
    const char *path = getenv("POWERCUT_LOG");
    if (path) log_fd = real_open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

static const char *of(int fd) {
    return fd >= 0 && fd < 4096 && watched[fd][0] ? watched[fd] : NULL;
}

static int opened(int fd, const char *path) {
    const char *folder = getenv("POWERCUT_FOLDER");
    if (fd < 0 || fd >= 4096) return fd;
    watched[fd][0] = 0;
    if (folder && !strncmp(path, folder, strlen(folder)) && strlen(path) < sizeof watched[fd]) {
        strcpy(watched[fd], path);
        note('o', path, 0, 0, NULL);
    }
    return fd;
}

#define OPENING(name)                                                          \
    int name(const char *path, int flags, ...) {                               \
        va_list more;                                                          \
        va_start(more, flags);                                                 \
        int mode = va_arg(more, int);                                          \
        va_end(more);                                                          \
        return opened(real_open(path, flags, mode), path);                     \
    }
OPENING(open)
OPENING(open64)

int close(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "close");
    if (fd >= 0 && fd < 4096) watched[fd][0] = 0;
    return real(fd);
}

ssize_t write(int fd, const void *data, size_t length) {
    const char *path = of(fd);
    int64_t at = path ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = real_write(fd, data, length);
    if (path && done > 0) note('w', path, at, done, data);
    return done;
}

static ssize_t write_at(int fd, const void *data, size_t length, off_t at) {
    ssize_t done = real_pwrite(fd, data, length, at);
    const char *path = of(fd);
    if (path && done > 0) note('w', path, at, done, data);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return write_at(fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) { return write_at(fd, data, length, at); }

static int cut(int fd, off_t length) {
    static int (*real)(int, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "ftruncate64");
    int done = real(fd, length);
    if (of(fd) && !done) note('t', of(fd), length, 0, NULL);
    return done;
}
int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off_t length) { return cut(fd, length); }

#define SYNCING(name)                                                          \
    int name(int fd) {                                                         \
        static int (*real)(int);                                               \
        if (!real) real = dlsym(RTLD_NEXT, #name);                             \
        int done = real(fd);                                                   \
        if (of(fd) && !done) note('s', of(fd), 0, 0, NULL);                    \
        return done;                                                           \
    }
SYNCING(fsync)
SYNCING(fdatasync)

int unlink(const char *path) {
    static int (*real)(const char *);
    if (!real) real = dlsym(RTLD_NEXT, "unlink");
    const char *folder = getenv("POWERCUT_FOLDER");
    if (folder && !strncmp(path, folder, strlen(folder))) note('u', path, 0, 0, NULL);
    return real(path);
}
