/*
 * Stands between a program and its disk: writes down, in order, what the program asks of the files
 * below one directory, and lets a chosen call fail. It is preloaded (LD_PRELOAD) into the player of
 * a drill and does nothing until the player calls drill_watch.
 *
 * A record is a head (struct head, little endian) with the file's path below the directory and the
 * written bytes behind it. What names end in "-shm" is SQLite's shared index, which every restart
 * makes anew from the log, and is left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 1024
#define PATH 512

enum { OPENED = 'o', CREATED = 'n', CLOSED = 'c', WRITTEN = 'w', CUT = 't', SYNCED = 's',
       UNSYNCED = 'f', REMOVED = 'u', RENAMED = 'r' };

struct head {
    uint8_t what;
    uint8_t zero;
    uint16_t path_length;
    int32_t file;
    uint64_t offset;
    uint64_t length;
} __attribute__((packed));

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char directory[PATH];
static size_t directory_length;
static int log_file = -1;
static char watched[FILES];
static long long syncs, writes, fail_sync, fail_write, room = -1;

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void put(const void *bytes, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    const char *from = bytes;
    while (length > 0) {
        ssize_t done = real(log_file, from, length);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) { perror("drill: its own log"); _exit(3); }
        from += done;
        length -= (size_t)done;
    }
}

static void tell(int what, int file, const char *path, uint64_t offset, const void *bytes,
                 uint64_t length) {
    if (log_file < 0) return;
    int saved = errno;
    size_t path_length = path ? strlen(path) : 0;
    struct head head = {(uint8_t)what, 0, (uint16_t)path_length, file, offset, length};
    put(&head, sizeof head);
    if (path_length) put(path, path_length);
    if (bytes) put(bytes, length);
    errno = saved;
}

/* Return the path below the directory, NULL for a file that is not watched. */
static const char *below(const char *path) {
    if (!directory_length || !path || strncmp(path, directory, directory_length)) return NULL;
    const char *rest = path + directory_length;
    if (*rest == '/') rest++;
    else if (*rest) return NULL;
    size_t length = strlen(rest);
    return length >= 4 && !strcmp(rest + length - 4, "-shm") ? NULL : rest;
}

static int is_watched(int file) { return file >= 0 && file < FILES && watched[file]; }

static void opened(int file, const char *path, int existed, int flags) {
    const char *rest = below(path);
    if (file < 0 || file >= FILES) return;
    watched[file] = rest != NULL;
    if (!rest) return;
    tell(existed ? OPENED : CREATED, file, rest, 0, NULL, 0);
    if (existed && (flags & O_TRUNC)) tell(CUT, file, NULL, 0, NULL, 0);
}

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        REAL(name);                                                                 \
        mode_t mode = 0;                                                            \
        if (flags & (O_CREAT | O_TMPFILE)) {                                        \
            va_list rest;                                                           \
            va_start(rest, flags);                                                  \
            mode = va_arg(rest, mode_t);                                            \
            va_end(rest);                                                           \
        }                                                                           \
        if (!below(path)) {                                                         \
            int file = real(path, flags, mode);                                     \
            if (file >= 0 && file < FILES) watched[file] = 0;                       \
            return file;                                                            \
        }                                                                           \
        pthread_mutex_lock(&mutex);                                                 \
        int existed = access(path, F_OK) == 0;                                      \
        int file = real(path, flags, mode);                                         \
        opened(file, path, existed, flags);                                         \
        pthread_mutex_unlock(&mutex);                                               \
        return file;                                                                \
    }
OPEN(open)
OPEN(open64)

int close(int file) {
    REAL(close);
    if (!is_watched(file)) return real(file);
    pthread_mutex_lock(&mutex);
    watched[file] = 0;
    tell(CLOSED, file, NULL, 0, NULL, 0);
    int done = real(file);
    pthread_mutex_unlock(&mutex);
    return done;
}

/* Return how many of *length* bytes at *offset* there is room for; -1 if this call is to fail. */
static ssize_t admitted(int file, size_t length, off_t offset) {
    struct stat found;
    if (++writes == fail_write) { errno = EIO; return -1; }
    if (room < 0 || fstat(file, &found)) return (ssize_t)length;
    long long more = (long long)offset + (long long)length - found.st_size;
    if (more <= 0) return (ssize_t)length;
    long long excess = more > room ? more - room : 0;
    if (excess >= (long long)length) { errno = ENOSPC; return -1; }
    room -= more - excess;
    return (ssize_t)((long long)length - excess);
}

#define PWRITE(name, type)                                                          \
    ssize_t name(int file, const void *bytes, size_t length, type offset) {         \
        REAL(name);                                                                 \
        if (!is_watched(file)) return real(file, bytes, length, offset);            \
        pthread_mutex_lock(&mutex);                                                 \
        ssize_t done = admitted(file, length, (off_t)offset);                       \
        if (done >= 0) done = real(file, bytes, (size_t)done, offset);              \
        if (done > 0) tell(WRITTEN, file, NULL, (uint64_t)offset, bytes, (uint64_t)done); \
        pthread_mutex_unlock(&mutex);                                               \
        return done;                                                                \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int file, const void *bytes, size_t length) {
    REAL(write);
    if (!is_watched(file)) return real(file, bytes, length);
    pthread_mutex_lock(&mutex);
    struct stat found;
    int flags = fcntl(file, F_GETFL);
    off_t offset = lseek(file, 0, SEEK_CUR);
    if ((flags & O_APPEND) && fstat(file, &found) == 0) offset = found.st_size;
    ssize_t done = admitted(file, length, offset);
    if (done >= 0) done = real(file, bytes, (size_t)done);
    if (done > 0) tell(WRITTEN, file, NULL, (uint64_t)offset, bytes, (uint64_t)done);
    pthread_mutex_unlock(&mutex);
    return done;
}

#define FTRUNCATE(name, type)                                                       \
    int name(int file, type length) {                                               \
        REAL(name);                                                                 \
        if (!is_watched(file)) return real(file, length);                           \
        pthread_mutex_lock(&mutex);                                                 \
        int done = admitted(file, 0, 0) < 0 ? -1 : real(file, length);              \
        if (!done) tell(CUT, file, NULL, (uint64_t)length, NULL, 0);                \
        pthread_mutex_unlock(&mutex);                                               \
        return done;                                                                \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                                                                  \
    int name(int file) {                                                            \
        REAL(name);                                                                 \
        if (!is_watched(file)) return real(file);                                   \
        pthread_mutex_lock(&mutex);                                                 \
        int done = -1;                                                              \
        if (++syncs == fail_sync) errno = EIO;                                      \
        else done = real(file);                                                     \
        tell(done ? UNSYNCED : SYNCED, file, NULL, 0, NULL, 0);                     \
        pthread_mutex_unlock(&mutex);                                               \
        return done;                                                                \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    REAL(unlink);
    const char *rest = below(path);
    if (!rest) return real(path);
    pthread_mutex_lock(&mutex);
    int done = real(path);
    if (!done) tell(REMOVED, -1, rest, 0, NULL, 0);
    pthread_mutex_unlock(&mutex);
    return done;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    const char *old = below(from), *new = below(to);
    if (!old || !new) return real(from, to);
    pthread_mutex_lock(&mutex);
    int done = real(from, to);
    if (!done) tell(RENAMED, -1, old, 0, new, strlen(new));
    pthread_mutex_unlock(&mutex);
    return done;
}

/* What the player calls. Files that are open already are not watched. */
void drill_watch(const char *path, int log) {
    snprintf(directory, sizeof directory, "%s", path);
    directory_length = strlen(directory);
    log_file = log;
}

/* Let the n-th sync, or the n-th write, from now on fail with EIO; 0 is never. */
void drill_fail(long long sync_number, long long write_number) {
    syncs = writes = 0;
    fail_sync = sync_number;
    fail_write = write_number;
}

/* Let files grow by so many bytes more and no further (ENOSPC); -1 is no limit. */
void drill_room(long long bytes) { room = bytes; }

long long drill_syncs(void) { return syncs; }
long long drill_writes(void) { return writes; }
