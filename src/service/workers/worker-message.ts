/** What a worker tells its primary: that it serves now, or why it does not, in words for whoever runs the service. */
export type WorkerMessage = { readonly serves: true } | { readonly refused: string };

/** @param message whatever came over the channel */
export const isWorkerMessage = (message: unknown): message is WorkerMessage =>
  typeof message === 'object' && message !== null && ('serves' in message || 'refused' in message);
