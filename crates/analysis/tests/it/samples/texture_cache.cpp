#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

class Texture {
public:
    explicit Texture(std::string path) : path_(std::move(path)) {}
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

// Owns every texture; others only borrow them.
class TextureCache {
public:
    Texture& get(const std::string& path) {
        auto found = textures_.find(path);
        if (found != textures_.end()) {
            return *found->second;
        }
        auto texture = std::make_unique<Texture>(path);
        Texture& borrowed = *texture;
        textures_.emplace(path, std::move(texture));
        return borrowed;
    }

    std::unique_ptr<Texture> take(const std::string& path) {
        auto found = textures_.find(path);
        if (found == textures_.end()) {
            throw std::out_of_range("no texture " + path);
        }
        auto texture = std::move(found->second);
        textures_.erase(found);
        return texture;
    }

    std::size_t size() const noexcept { return textures_.size(); }

private:
    std::unordered_map<std::string, std::unique_ptr<Texture>> textures_;
};

template <typename T>
std::vector<T> unique_sorted(std::vector<T> values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
}
