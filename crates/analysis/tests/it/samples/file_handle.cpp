#include <memory>
#include <mutex>
#include <fstream>

class File {
public:
    explicit File(const char* path) : handle_(std::fopen(path, "r")) {}
    ~File() { if (handle_) std::fclose(handle_); }
    File(const File&) = delete;
private:
    FILE* handle_;
};

std::mutex guard;

void add(int value) {
    std::lock_guard<std::mutex> lock(guard);
    auto node = std::make_unique<int>(value);
    std::shared_ptr<int> other(new int(2));
    total += *node;
}
