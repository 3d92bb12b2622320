/** How regions look while they are drawn. */
import { css } from "lit";

export const labelCanvasStyle = css`
  .picture {
    position: relative;
    background: var(--wash);
    touch-action: none;
    user-select: none;
    cursor: crosshair;
  }
  .picture.select {
    cursor: default;
  }
  canvas,
  svg {
    display: block;
    width: 100%;
  }
  svg,
  canvas.fill {
    position: absolute;
    inset: 0;
    height: 100%;
  }
  svg {
    overflow: visible;
  }
  canvas.fill {
    opacity: 0.4;
    image-rendering: pixelated;
  }
  .halo,
  .line {
    fill: none;
    vector-effect: non-scaling-stroke;
  }
  .halo {
    stroke: rgb(255 255 255 / 0.9);
    stroke-width: 4px;
  }
  .line {
    stroke: rgb(20 20 19);
    stroke-width: 1.5px;
  }
  .chosen .line {
    stroke-width: 2.5px;
  }
  .proposed .line {
    stroke: var(--model, rgb(20 20 19));
    stroke-width: 2.5px;
  }
  .faint {
    opacity: 0.35;
  }
  .halo-dot {
    fill: rgb(255 255 255 / 0.9);
  }
  .dot {
    fill: rgb(20 20 19);
  }
  .proposed .dot {
    fill: var(--model, rgb(20 20 19));
  }
  .handle {
    fill: #fff;
    stroke: rgb(20 20 19);
    vector-effect: non-scaling-stroke;
  }
  .stroke {
    fill: none;
    stroke: rgb(20 20 19 / 0.55);
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .stroke.erases {
    stroke: rgb(255 255 255 / 0.75);
  }
  g:focus {
    outline: none;
  }
  g:focus-visible .halo {
    stroke: var(--model-b);
    stroke-width: 7px;
  }
`;
