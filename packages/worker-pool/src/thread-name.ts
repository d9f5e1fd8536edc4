/** What a pool calls its Web Workers, by which they know that they are some. */
export const THREAD_NAME = 'gradpool:pool'
