/** Where Monaco looks for its workers. Its own declaration comes only with its whole editor. */
interface Window {
  MonacoEnvironment?: { getWorker(id: string, label: string): Worker };
}
