import type { DType, Ops, Tensor } from '../ops/ops.js';

/** In the order in which they are preferred. */
export const BACKENDS = ['tensorflow', 'webgpu', 'onnxruntime', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A computation written once against Ops: from input tensors to output tensors. */
export type GraphFunction = (ops: Ops, inputs: readonly Tensor[]) => readonly Tensor[];

/** A computation made ready for one backend: eager backends call the function each time, onnxruntime runs its recorded graph. */
export interface Executable {
  /** Inputs in the order and shapes of compile(); outputs as freshly allocated arrays. Not re-entrant: await one run before the next. */
  run(inputs: readonly (Float32Array | Int32Array)[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

export interface Backend {
  readonly name: BackendName;
  /** What runs it, in words: "onnxruntime 1.30.0, CPU, 1 thread", "WebGPU, NVIDIA H100". */
  readonly device: string;
  compile(graph: GraphFunction, inputs: readonly InputSpec[]): Promise<Executable>;
  dispose(): Promise<void>;
}

/** Whether a backend runs on this machine, for `concord doctor` and for the choice of one. */
export interface BackendReport {
  readonly name: BackendName;
  readonly available: boolean;
  /** Stands in for a GPU on the CPU (a software Vulkan driver, TensorFlow without CUDA): used only when it is named. */
  readonly software: boolean;
  /** What it runs on, where it is available. */
  readonly device?: string;
  /** A sentence that says why it is not available, or why it is not chosen by itself. */
  readonly reason?: string;
}

export interface BackendOptions {
  /** Threads inside one operation, for onnxruntime; default 1, with which results repeat to the last bit. */
  readonly threads?: number;
}

/** How one backend is looked for and opened; what it needs is loaded only then. */
export interface BackendDriver {
  probe(options?: BackendOptions): Promise<BackendReport>;
  open(options?: BackendOptions): Promise<Backend>;
}
