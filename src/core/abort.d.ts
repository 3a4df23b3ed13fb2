// The one web type that core names. It merges with the DOM's own where that library is present;
// core only hands signals on, it never listens to them.
interface AbortSignal {
  readonly aborted: boolean;
}
