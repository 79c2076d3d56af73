package files

import (
	"errors"
	"os"
	"strings"
)

// ReadLines returns the lines of a file that are not empty.
func ReadLines(path string) ([]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := []string{}
	for _, line := range strings.Split(string(content), "\n") {
		if line == "" {
			continue
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil, errors.New("empty file")
	}
	return lines, nil
}
