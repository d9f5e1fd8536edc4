export function countPrimes({ from, to }) {
  let count = 0
  for (let n = Math.max(from, 2); n < to; n++) {
    let isPrime = true
    for (let factor = 2; factor * factor <= n && isPrime; factor++) isPrime = n % factor !== 0
    if (isPrime) count++
  }
  return count
}
