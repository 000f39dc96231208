export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Size {
  width: number;
  height: number;
}

/** Where in an element a picture lies with `object-fit: contain`; undefined while one of both has no size. */
export function pictureIn(element: Size, picture: Size): Rectangle | undefined {
  if (element.width <= 0 || element.height <= 0 || picture.width <= 0 || picture.height <= 0) return undefined;
  const scale = Math.min(element.width / picture.width, element.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { x: (element.width - width) / 2, y: (element.height - height) / 2, width, height };
}
