/** What a metric must reach to count as learnt. */

/** 90 %; of IoU over patches, where objects are a few patches large and the best models come to 0.8, 0.6. */
export function targetOf(key: string): number {
  return key === "lens/iou" ? 0.6 : 0.9;
}

/** The metrics whose way to their target is told: accuracy of each task, IoU and pointing game of the lens. */
export function hasTarget(key: string): boolean {
  return (
    (key.startsWith("accuracy/") && key !== "accuracy/all questions") ||
    key === "lens/iou" ||
    key === "lens/pointing game"
  );
}
