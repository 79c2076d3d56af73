#include <stdio.h>

/* Counts the characters before the end of the text. */
size_t text_length(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

int main(void) {
    printf("%zu\n", text_length("hello"));
    return 0;
}
