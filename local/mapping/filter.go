package mapping

type filter struct{}

func compileFilter(patterns []string, format Format) (*filter, error) { return &filter{}, nil }
