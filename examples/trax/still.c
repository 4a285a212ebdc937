/* A tracker in C that speaks the TraX protocol on its standard input and output, without a library.
 *
 *   cc -o still still.c
 *
 * Its box moves by one pixel a frame to the right. A real one would read the image, whose path
 * stands in the first quotes of every message.
 */
#include <stdio.h>
#include <string.h>

/* The text in the nth pair of quotes of a message, copied into `out`. */
static int quoted(const char *line, int n, char *out, size_t size) {
    for (; (line = strchr(line, '"')) != NULL; n--) {
        const char *end = strchr(++line, '"');
        if (end == NULL) return 0;
        if (n == 0) {
            size_t length = (size_t)(end - line) < size - 1 ? (size_t)(end - line) : size - 1;
            memcpy(out, line, length);
            out[length] = '\0';
            return 1;
        }
        line = end + 1;
    }
    return 0;
}

int main(void) {
    char line[8192], box[256];
    double x = 0, y = 0, w = 0, h = 0;
    printf("@@TRAX:hello \"trax.version=3\" \"trax.name=still\" \"trax.image=path;\" "
           "\"trax.region=rectangle;\" \"trax.channels=color\"\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "@@TRAX:quit", 11) == 0) return 0;
        if (strncmp(line, "@@TRAX:initialize", 17) == 0) {
            if (!quoted(line, 1, box, sizeof box) ||
                sscanf(box, "%lf,%lf,%lf,%lf", &x, &y, &w, &h) != 4)
                return 1;
        } else if (strncmp(line, "@@TRAX:frame", 12) == 0) {
            x += 1;
        } else {
            continue;
        }
        printf("@@TRAX:state \"%.4f,%.4f,%.4f,%.4f\" \"confidence=0.5\"\n", x, y, w, h);
        fflush(stdout);
    }
    return 0;
}
