/** Of several questions that were asked one after the other, only the last one's answer counts. */

/**
 * @returns {() => () => boolean} to call when something is asked, or when no answer is wanted any more; gives a
 *   function that says whether that was the last call so far
 */
export function createLatest() {
  let last = 0;
  return () => {
    last += 1;
    const own = last;
    return () => own === last;
  };
}
