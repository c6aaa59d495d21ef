package cleaning

import (
	"maps"
	"os"
	"testing"
)

func TestCopiesAreFoundAcrossBatchesAndFilesWithTheFirstOfThem(t *testing.T) {
	found, err := openCopies(t.TempDir(), 10*rowsPerFile)
	if err != nil {
		t.Fatal(err)
	}
	defer found.remove()
	// Rows 1 to 100 are all different, 101 to 200 repeat them, 201 is alone.
	for row := int64(1); row <= 201; row++ {
		key := uint64((row - 1) % 100)
		if row == 201 {
			key = 1000
		}
		if err := found.add(key, key, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := found.find(); err != nil {
		t.Fatal(err)
	}

	firsts := map[int64]int64{}
	for _, batch := range [][2]int64{{1, 150}, {151, 51}} {
		if err := found.take(batch[0], int(batch[1]), firsts); err != nil {
			t.Fatal(err)
		}
	}

	expected := map[int64]int64{}
	for row := int64(101); row <= 200; row++ {
		expected[row] = row - 100
	}
	if len(found.files) < 2 || !maps.Equal(firsts, expected) {
		t.Errorf("%d files, got %v", len(found.files), firsts)
	}
}

func TestRowsWithHalfTheHashInCommonAreNoCopies(t *testing.T) {
	pairs := findPairs([]record{{1, 1, 1}, {1, 2, 2}, {2, 1, 3}, {1, 1, 4}})

	if len(pairs) != 1 || pairs[0] != [2]int64{4, 1} {
		t.Errorf("got %v", pairs)
	}
}

func TestTheFilesOfHashesAreGoneAfterwards(t *testing.T) {
	draft := t.TempDir()
	found, err := openCopies(draft, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := found.remove(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(draft); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
