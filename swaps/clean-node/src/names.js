// Names that were not found, and those that may have been meant.

/** Return `; did you mean X?` for the closest known name, else the known names. */
export function didYouMean(name, known) {
  const ranked = known.map(other => [distance(name.toLowerCase(), other.toLowerCase()), other]).sort((a, b) => a[0] - b[0])
  if (ranked.length && ranked[0][0] <= Math.max(1, name.length * 0.4)) return `; did you mean ${ranked[0][1]}?`
  const shown = [...known].sort().slice(0, 12)
  return shown.length ? `; expected one of ${shown.join(', ')}${known.length > shown.length ? ', …' : ''}` : ''
}

/** Return how many letters have to be changed, added or taken away. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]
}
