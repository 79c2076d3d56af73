import java.io.*;
import java.util.*;
import java.util.stream.*;

class Files {
    static List<String> read(String path) throws IOException {
        try (BufferedReader reader = new BufferedReader(new FileReader(path))) {
            return reader.lines().filter(line -> !line.isBlank()).map(String::trim).collect(Collectors.toList());
        }
    }
}
