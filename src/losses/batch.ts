/** The arrays of one training step, with their axes: all that a loss can read of the data. */
import type { HostArray } from "../engine/host.ts";

/**
 * What one training step sees. B images, S sequence positions, N image tokens, A answer tokens an image (the
 * ends of the answers count as tokens), Q questions an image, K concepts an image, C tokens a concept word; X,
 * Y pixels; unused places are padded and masked.
 *
 * A row packs several questions about one image: `<prefix with image tokens> <question 1> <question 2> ...`.
 * Every question sees the prefix and itself only, and its positions follow the prefix directly, so that a row
 * computes what Q separate rows would. Room for image tokens stands in the same columns of every row; what a row's own
 * image leaves of it is padding.
 */
export interface Batch<A = HostArray> {
  /** All images, stacked along the first axis as the model's image reader gives them. */
  readonly pixelValues: A;
  /** What the family must know of the images besides their pixels, by name. */
  readonly imageInputs?: Readonly<Record<string, A>>;
  /** [B, S] int32 */
  readonly inputIds: A;
  /** [B, S] int32, or [3, B, S], positions for the rotary embedding. */
  readonly positionIds: A;
  /** [B, S] int32: 0 = shared prefix, q > 0 = the q-th question, -1 = padding. */
  readonly segmentIds: A;
  /** [B, A] int32: the sequence position that predicts each answer token, the one before the token itself. */
  readonly answerPositions: A;
  /** [B, A] int32: the answer token to be predicted there. */
  readonly answerIds: A;
  /** [B, A] float32: 1 for an answer token or an answer's end, 0 for padding. */
  readonly answerMask: A;
  /** [B, A] int32: the question (from 0) whose answer token is predicted; -1 for an answer's end and padding. */
  readonly answerQuestions: A;
  /** [B, K, C] int32: the tokens of each concept word. */
  readonly conceptIds: A;
  /** [B, K, C] float32: 1 for a token, 0 for padding; all 0 for an unused concept. */
  readonly conceptTokenMask: A;
  /**
   * [B, K, N] float32: share of each image token's patch that shows the concept; -1 for a token
   * that is no patch (a class token, padding), which LLL leaves out.
   */
  readonly conceptCoverage: A;
  /** [B, Q] int32: the sequence position of the last answer token ([B]'s query). */
  readonly lastAnswerPositions: A;
  /** [B, Q, N] float32: target map P, sum 1; all 0 when the question has no region. */
  readonly attentionTargets: A;
  /** [B, Q, N] float32: the same, found by knock-out in a training step; there only where a loss asks for `evidence`. */
  readonly learntTargets?: A;
}
