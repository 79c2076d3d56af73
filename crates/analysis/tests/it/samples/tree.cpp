#include <memory>

struct Node {
    int value;
    std::unique_ptr<Node> left;
    std::unique_ptr<Node> right;
};

class Tree {
public:
    void insert(int value) {
        insert_at(root_, value);
    }

private:
    void insert_at(std::unique_ptr<Node>& node, int value) {
        if (!node) {
            node = std::make_unique<Node>();
            node->value = value;
            return;
        }
        if (value < node->value) {
            insert_at(node->left, value);
        } else {
            insert_at(node->right, value);
        }
    }

    std::unique_ptr<Node> root_;
};

int sum(const std::vector<int>& values) {
    int total = 0;
    for (int value : values) {
        total += value;
    }
    return total;
}
