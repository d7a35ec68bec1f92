// Command readme runs the commands of a document, as a reader would who copies one after the other: so the document
// cannot promise what does not work.
//
//	readme [-dir DIRECTORY] [-print test] FILE
//
// A block of commands is fenced as ```sh. The line before it says what becomes of it:
//
//	<!-- ci: run -->           run it; it must succeed
//	<!-- ci: serve: TEXT -->   start it, wait until it has said TEXT, and leave it running for the blocks that follow
//	<!-- ci: stop -->          (without a block) interrupt what is served; it must end
//	<!-- ci: test -->          the test command: exactly one block, printed by -print test, not run here
//	<!-- ci: skip: REASON -->  not run, for a reason that is printed
//
// Blocks run in order, each in a bash of its own that stops at the first failure, in DIRECTORY. None may leave a
// process behind. Blocks of other languages are not commands and need no marker.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	dir := flag.String("dir", ".", "directory to run the commands in")
	print := flag.String("print", "", "only print the block with this `verb`: test")
	flag.Parse()
	ctx, end := signal.NotifyContext(context.Background(), os.Interrupt)
	defer end()
	if err := readme(ctx, *dir, *print, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "readme:", err)
		os.Exit(1)
	}
}

func readme(ctx context.Context, dir, print string, files []string) error {
	if len(files) != 1 {
		return errors.New("name one document")
	}
	document, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	blocks, err := parse(string(document))
	if err != nil {
		return fmt.Errorf("%s:\n%w", files[0], err)
	}
	tests := 0
	for _, b := range blocks {
		if b.do == test {
			tests++
		}
	}
	if tests != 1 {
		return fmt.Errorf("%s: %d blocks are marked <!-- ci: test -->, want one", files[0], tests)
	}
	switch print {
	case "":
		return perform(ctx, &reader{dir: dir, out: os.Stdout}, blocks)
	case string(test):
		for _, b := range blocks {
			if b.do == test {
				fmt.Print(b.script)
			}
		}
		return nil
	}
	return fmt.Errorf("-print %s: only test can be printed", print)
}
