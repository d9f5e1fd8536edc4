/** `npm run test:faults` runs the tests of this folder at their full length; `npm test` in a minute. */
export const isLong = process.env.GRADPOOL_LONG_TESTS === '1'
