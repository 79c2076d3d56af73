package pool

import (
	"context"
	"fmt"
	"sync"
)

// Job is one unit of work.
type Job struct {
	ID   int
	Work func(ctx context.Context) error
}

// Run works on jobs with a fixed number of goroutines and collects the errors.
func Run(ctx context.Context, workers int, jobs []Job) map[int]error {
	queue := make(chan Job)
	var mu sync.Mutex
	failed := make(map[int]error)
	var wg sync.WaitGroup

	for i := 0; i < workers; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for job := range queue {
				if err := job.Work(ctx); err != nil {
					mu.Lock()
					failed[job.ID] = fmt.Errorf("job %d: %w", job.ID, err)
					mu.Unlock()
				}
			}
		}()
	}

	for _, job := range jobs {
		select {
		case queue <- job:
		case <-ctx.Done():
			close(queue)
			wg.Wait()
			return failed
		}
	}
	close(queue)
	wg.Wait()
	return failed
}
