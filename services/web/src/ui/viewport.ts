// The part of the page that can be seen, with a phone's keyboard open: the app is exactly that tall.

export function followViewport(): void {
  const { visualViewport } = window;
  if (!visualViewport) return;
  const { style } = document.documentElement;
  const follow = () => {
    // Zoomed in by pinching, the layout stays as it is.
    if (visualViewport.scale > 1.01) return;
    style.setProperty('--seen-height', `${visualViewport.height}px`);
    style.setProperty('--seen-top', `${visualViewport.offsetTop}px`);
  };
  visualViewport.addEventListener('resize', follow);
  visualViewport.addEventListener('scroll', follow);
  follow();
}
