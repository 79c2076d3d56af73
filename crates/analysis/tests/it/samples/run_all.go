package main

import "sync"

func run(tasks []func() int) int {
	var wg sync.WaitGroup
	results := make(chan int)
	for _, task := range tasks {
		wg.Add(1)
		go func() {
			defer wg.Done()
			results <- task()
		}()
	}
	go func() {
		wg.Wait()
		close(results)
	}()
	total := 0
	for result := range results {
		total += result
	}
	return total
}
