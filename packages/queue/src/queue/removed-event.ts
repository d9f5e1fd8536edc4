/** What `gradpool queue` publishes besides BullMQ's own events: a job was taken out of the queue for good. */
export const REMOVED_EVENT = 'gradpool:removed'
