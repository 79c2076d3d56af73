#include <stdlib.h>

struct node {
    int value;
    struct node *next;
};

struct node *push(struct node *head, int value) {
    struct node *fresh = malloc(sizeof *fresh);
    if (fresh == NULL) {
        return head;
    }
    fresh->value = value;
    fresh->next = head;
    return fresh;
}

int describe(int code) {
    switch (code) {
    case 0:
        return 1;
    case 1:
    case 2:
        return 2;
    default:
        break;
    }
    do {
        code /= 2;
    } while (code > 10);
    return code;
}
