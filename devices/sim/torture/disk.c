/* A disk and a clock between a program and the kernel: loaded before libc (LD_PRELOAD) into the program under test.

Files whose path begins with one of CAMPUS_TORTURE_FILES (separated by ':') are watched. The program works on the
real files. What it has synced is copied to a second file beside each, `<path>.synced`: that is what a power cut
leaves for sure. The page at CAMPUS_TORTURE_PAGE tells how the disk and the clock behave; the harness changes it
while the program runs. A fuse in it ends the program with SIGKILL at the n-th write, truncation or sync, in its middle.

Names are taken as durable at once: a rename syncs what it names, as ext4 does, and a deletion stays. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MOST_FDS 4096
#define MOST_FILES 256
#define NAME 1024 /* longer paths are not watched */

struct page {           /* devices/sim/torture/shim.py knows the same order */
    int64_t clock_us;   /* added to the wall clock */
    int64_t room;       /* bytes that the disk still takes; negative: any number */
    int64_t fuse;       /* operations until SIGKILL; 0: never */
    int64_t sync_us;    /* how long a sync takes */
    int64_t bad_syncs;  /* so many syncs fail with EIO */
    int64_t operations; /* counted here */
    int64_t syncs;      /* counted here */
};

struct file {
    char path[NAME];
    off_t low, high; /* written since the last sync: from low up to high */
    int dirty;
};

static struct page nothing = {.room = -1};
static struct page *page = &nothing;
static struct file files[MOST_FILES];
static int file_of[MOST_FDS]; /* index + 1 */
static const char *prefixes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_fallocate)(int, off_t, off_t);
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_gettimeofday)(struct timeval *, void *);

#define FIND(name) real_##name = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    if (real_open) return; /* another library was loaded before us, and needed us already */
    FIND(open), FIND(openat), FIND(close), FIND(write), FIND(pwrite), FIND(ftruncate), FIND(fsync), FIND(fdatasync);
    FIND(unlink), FIND(rename), FIND(clock_gettime), FIND(gettimeofday);
    real_fallocate = dlsym(RTLD_NEXT, "posix_fallocate");
    prefixes = getenv("CAMPUS_TORTURE_FILES");
    const char *where = getenv("CAMPUS_TORTURE_PAGE");
    int fd = where ? real_open(where, O_RDWR) : -1;
    if (fd < 0) return;
    void *found = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (found != MAP_FAILED) page = found;
    real_close(fd);
}

/* --- which files */

static int watched(const char *path) {
    if (!prefixes || !path || strstr(path, ".synced")) return 0;
    size_t length = strlen(path);
    if (length >= NAME) return 0;
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return 0; /* shared memory, not data */
    for (const char *from = prefixes; *from;) {
        size_t size = strcspn(from, ":");
        if (size && !strncmp(path, from, size)) return 1;
        from += size + (from[size] == ':');
    }
    return 0;
}

static struct file *found(const char *path) {
    for (int i = 0; i < MOST_FILES; i++)
        if (!strcmp(files[i].path, path)) return &files[i];
    return NULL;
}

static void touched(struct file *file, off_t from, off_t to) {
    if (!file->dirty || from < file->low) file->low = from;
    if (!file->dirty || to > file->high) file->high = to;
    file->dirty = 1;
}

static int entered(int fd, const char *path) { /* called with the lock held */
    if (fd < 0 || fd >= MOST_FDS) return fd;
    struct file *file = found(path);
    for (int i = 0; !file && i < MOST_FILES; i++)
        if (!files[i].path[0]) {
            file = &files[i];
            snprintf(file->path, sizeof file->path, "%s", path);
            touched(file, 0, INT_MAX); /* a program that died may have left something: a sync writes that, too */
        }
    file_of[fd] = file ? (int)(file - files) + 1 : 0;
    return fd;
}

static struct file *of(int fd) {
    return fd >= 0 && fd < MOST_FDS && file_of[fd] ? &files[file_of[fd] - 1] : NULL;
}

/* --- what happens to them */

static int burned(void) { /* whether the fuse has burned down */
    __atomic_add_fetch(&page->operations, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&page->fuse, __ATOMIC_RELAXED) <= 0) return 0;
    return __atomic_sub_fetch(&page->fuse, 1, __ATOMIC_RELAXED) == 0;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static off_t size_of(int fd) {
    struct stat st;
    return fstat(fd, &st) ? 0 : st.st_size;
}

/* Take room for what makes the file larger; 0 if there is none. */
static int room_for(int fd, off_t end) {
    off_t more = end - size_of(fd);
    if (page->room < 0 || more <= 0) return 1;
    if (__atomic_load_n(&page->room, __ATOMIC_RELAXED) < more) return 0;
    __atomic_sub_fetch(&page->room, more, __ATOMIC_RELAXED);
    return 1;
}

static void give_back(off_t bytes) {
    if (page->room >= 0 && bytes > 0) __atomic_add_fetch(&page->room, bytes, __ATOMIC_RELAXED);
}

static void synced_path(const char *path, char *out) { /* out: NAME + 8 */
    snprintf(out, NAME + 8, "%.*s.synced", NAME - 1, path);
}

static void copy_synced(struct file *file, int real) {
    char to[NAME + 8], buffer[65536];
    synced_path(file->path, to);
    int copy = real_open(to, O_RDWR | O_CREAT, 0600);
    off_t size = size_of(real), at = file->low, end = file->high < size ? file->high : size;
    while (file->dirty && at < end) {
        size_t want = end - at < (off_t)sizeof buffer ? (size_t)(end - at) : sizeof buffer;
        ssize_t got = pread(real, buffer, want, at);
        if (got <= 0) break;
        real_pwrite(copy, buffer, got, at);
        at += got;
    }
    real_ftruncate(copy, size);
    real_close(copy);
    file->dirty = 0;
}

static int sync_file(int fd) {
    if (page->sync_us > 0) usleep(page->sync_us);
    pthread_mutex_lock(&lock);
    if (burned()) die();
    struct file *file = of(fd);
    int bad = page->bad_syncs > 0;
    if (bad) __atomic_sub_fetch(&page->bad_syncs, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&page->syncs, 1, __ATOMIC_RELAXED);
    int real = file && !bad ? real_open(file->path, O_RDONLY) : -1;
    if (real >= 0) {
        copy_synced(file, real);
        real_close(real);
    }
    pthread_mutex_unlock(&lock);
    if (bad) errno = EIO;
    return bad ? -1 : 0;
}

/* --- in place of libc's */

#define MODE(flags) \
    mode_t mode = 0; \
    begin(); \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

static int opened(int fd, const char *path, int flags) {
    if (fd < 0) return fd;
    pthread_mutex_lock(&lock);
    if (fd < MOST_FDS) file_of[fd] = 0;
    if (watched(path)) {
        entered(fd, path);
        if ((flags & O_TRUNC) && of(fd)) touched(of(fd), 0, 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

int open(const char *path, int flags, ...) {
    MODE(flags)
    return opened(real_open(path, flags, mode), path, flags);
}
int open64(const char *path, int flags, ...) {
    MODE(flags)
    return opened(real_open(path, flags | O_LARGEFILE, mode), path, flags);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE(flags)
    return opened(real_openat(folder, path, flags, mode), path, flags);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags)
    return opened(real_openat(folder, path, flags | O_LARGEFILE, mode), path, flags);
}

int close(int fd) {
    begin();
    if (fd >= 0 && fd < MOST_FDS) file_of[fd] = 0;
    return real_close(fd);
}

static ssize_t written(int fd, const void *data, size_t size, off_t at, int by_place) {
    struct file *file = of(fd);
    begin();
    if (!file) return by_place ? real_pwrite(fd, data, size, at) : real_write(fd, data, size);
    pthread_mutex_lock(&lock);
    off_t from = by_place ? at : fcntl(fd, F_GETFL) & O_APPEND ? size_of(fd) : lseek(fd, 0, SEEK_CUR);
    int last = burned();
    if (last) size = page->operations % 2 ? size / 2 : 0; /* torn, or not at all */
    if (!room_for(fd, from + (off_t)size)) {
        pthread_mutex_unlock(&lock);
        errno = ENOSPC;
        return -1;
    }
    ssize_t done = by_place ? real_pwrite(fd, data, size, at) : real_write(fd, data, size);
    if (last) die();
    if (done > 0) touched(file, from, from + done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return written(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return written(fd, data, size, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return written(fd, data, size, at, 1); }

int ftruncate(int fd, off_t size) {
    struct file *file = of(fd);
    if (!file) return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    if (burned()) die();
    off_t before = size_of(fd);
    int done = room_for(fd, size) ? real_ftruncate(fd, size) : (errno = ENOSPC, -1);
    if (!done) {
        give_back(before - size);
        touched(file, size < before ? size : before, INT_MAX);
    }
    pthread_mutex_unlock(&lock);
    return done;
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int posix_fallocate(int fd, off_t from, off_t size) {
    struct file *file = of(fd);
    if (!file) return real_fallocate(fd, from, size);
    off_t before = size_of(fd);
    if (!room_for(fd, from + size)) return ENOSPC;
    if (from + size > before && real_ftruncate(fd, from + size)) return errno; /* no blocks are wasted on it */
    touched(file, before, INT_MAX);
    return 0;
}
int posix_fallocate64(int fd, off_t from, off_t size) { return posix_fallocate(fd, from, size); }

int fsync(int fd) { return of(fd) ? sync_file(fd) : real_fsync(fd); }
int fdatasync(int fd) { return of(fd) ? sync_file(fd) : real_fdatasync(fd); }

int unlink(const char *path) {
    begin();
    struct stat st;
    int counts = watched(path) && !stat(path, &st);
    int done = real_unlink(path);
    if (counts && !done) {
        char copy[NAME + 8];
        synced_path(path, copy);
        pthread_mutex_lock(&lock);
        real_unlink(copy);
        give_back(st.st_size);
        struct file *file = found(path);
        if (file) file->dirty = 0;
        pthread_mutex_unlock(&lock);
    }
    return done;
}

int rename(const char *from, const char *to) {
    begin();
    int done = real_rename(from, to);
    if (done || !(watched(from) || watched(to))) return done;
    char copy[NAME + 8];
    pthread_mutex_lock(&lock);
    synced_path(from, copy);
    real_unlink(copy);
    int real = watched(to) ? real_open(to, O_RDONLY) : -1;
    if (real >= 0) {
        struct file whole = {.low = 0, .high = INT_MAX, .dirty = 1};
        snprintf(whole.path, sizeof whole.path, "%s", to);
        copy_synced(&whole, real);
        real_close(real);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    begin();
    int done = real_clock_gettime(clock, now);
    int64_t step_us = page->clock_us;
    if (!done && step_us && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + step_us * 1000;
        now->tv_sec = ns / 1000000000;
        now->tv_nsec = ns % 1000000000;
    }
    return done;
}

int gettimeofday(struct timeval *now, void *zone) {
    begin();
    int done = real_gettimeofday(now, zone);
    if (!done && page->clock_us) {
        int64_t us = (int64_t)now->tv_sec * 1000000 + now->tv_usec + page->clock_us;
        now->tv_sec = us / 1000000;
        now->tv_usec = us % 1000000;
    }
    return done;
}

time_t time(time_t *where) {
    struct timeval now;
    gettimeofday(&now, NULL);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}
