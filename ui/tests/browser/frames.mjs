// The frames while something is done, sorted by their length in ms.
export async function framesOf(page, act) {
  await page.evaluate(() => {
    globalThis.frames_ = [];
    globalThis.watching_ = true;
    let last = performance.now();
    const look = (now) => {
      globalThis.frames_.push(now - last);
      last = now;
      if (globalThis.watching_) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await act();
  return page.evaluate(() => {
    globalThis.watching_ = false;
    return globalThis.frames_.sort((a, b) => a - b);
  });
}
