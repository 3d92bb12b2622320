/** What a command said on standard error, without the lines that tell how far it is: on a busy machine there are some. */
export function withoutProgress(said: string): string {
  return said.replaceAll(/^.* · .*(?:\d s|min|left)\n/gm, "");
}
