/** Documents of the one stream that may still come of the other. */
const MAX_UNMATCHED = 64;

/** Metadata that come from two streams of one camera for a while: all that come, and what comes from both once. Documents are compared as they are sent, byte by byte. */
export class TwinDocuments {
  #unmatched: { from: object; document: Buffer }[] = [];

  /**
   * False where the document came from the other stream before.
   *
   * @param from the stream
   * @param isTwin both are read; else only this one still is
   */
  isNew(from: object, document: Buffer, isTwin: boolean): boolean {
    const at = this.#unmatched.findIndex((each) => each.from !== from && each.document.equals(document));
    if (at !== -1) {
      this.#unmatched.splice(at, 1);
      return false;
    }
    if (isTwin) this.#unmatched.push({ from, document });
    // What has not come behind as many others will not come.
    if (!isTwin || this.#unmatched.length > MAX_UNMATCHED) this.#unmatched.shift();
    return true;
  }
}
