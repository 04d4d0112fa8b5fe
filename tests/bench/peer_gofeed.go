// Parses each file named on stdin with gofeed, and prints one JSON object: how many files and items.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/mmcdole/gofeed"
)

func parse(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	feed, err := gofeed.NewParser().Parse(file)
	if err != nil {
		return 0, err
	}
	return len(feed.Items), nil
}

func main() {
	files, items := 0, 0
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, err := parse(lines.Text())
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", lines.Text(), err)
			os.Exit(1)
		}
		files++
		items += n
	}
	fmt.Printf("{\"files\":%d,\"items\":%d}\n", files, items)
}
