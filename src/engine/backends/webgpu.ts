import { pathToFileURL } from 'node:url';
import { ConcordError } from '../../errors.js';
import type { TensorFlow } from '../ops/eager.js';
import type { Backend, BackendDriver, BackendReport } from './backend.js';
import { findPackage, probeApart, unavailable } from './probe.js';
import { eagerBackend, exclusively, loadTensorFlow } from './tfjs.js';

interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly isFallbackAdapter: boolean;
}

const ADAPTER_OPTIONS = { powerPreference: 'high-performance' } as const;

const PROBE = `
const { create } = await import(process.argv[1]);
globalThis.instance = create([]);
const adapter = await globalThis.instance.requestAdapter(${JSON.stringify(ADAPTER_OPTIONS)});
const { vendor, architecture, description, isFallbackAdapter } = adapter?.info ?? {};
process.stdout.write(JSON.stringify(adapter ? { vendor, architecture, description, isFallbackAdapter } : null));
`;

/** Looks for a graphics adapter. */
async function probe(): Promise<BackendReport> {
  const entry = findPackage('webgpu');
  if (!entry) return unavailable('webgpu', 'The optional package webgpu is not installed.');
  const result = await probeApart<AdapterInfo | null>(PROBE, pathToFileURL(entry).href);
  if ('failure' in result) return unavailable('webgpu', `WebGPU does not start here: ${result.failure}.`);
  const { found } = result;
  if (!found)
    return unavailable(
      'webgpu',
      'WebGPU finds no graphics adapter: it needs a GPU with a driver (on Linux, Vulkan and libvulkan1).',
    );
  const report = {
    name: 'webgpu',
    available: true,
    software: found.isFallbackAdapter,
    device: describe(found),
  } as const;
  if (!report.software) return report;
  return {
    ...report,
    reason: `${found.description || found.architecture} computes on the CPU, so it is used only when named.`,
  };
}

const describe = ({ vendor, architecture, description }: AdapterInfo): string =>
  `WebGPU, ${description || `${vendor} ${architecture}`.trim() || 'unnamed adapter'}`;

interface Shared {
  readonly device: GPUDevice;
  readonly description: string;
  users: number;
}

let shared: Promise<Shared> | undefined;

/** Dawn crashes where the instance of a device that is still at work has been garbage-collected: it is kept for good. */
let instance: GPU | undefined;

/** TensorFlow.js on WebGPU, by Dawn. Several opened in one thread share the device, which the last one to go destroys. */
async function open(): Promise<Backend> {
  const tf = await loadTensorFlow();
  shared ??= createShared(tf);
  const held = await shared;
  held.users++;
  let open = true;
  return eagerBackend({
    tf,
    name: 'webgpu',
    device: held.description,
    async dispose() {
      if (!open) return;
      open = false;
      held.users--;
      if (held.users > 0) return;
      shared = undefined;
      tf.removeBackend('webgpu');
      held.device.destroy();
    },
  });
}

/** What tfjs-backend-webgpu would do by itself in a browser, where it finds navigator.gpu. */
async function createShared(tf: TensorFlow): Promise<Shared> {
  const dawn: string = 'webgpu';
  const { create, globals } = (await import(dawn)) as { create(options: string[]): GPU; globals: object };
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  Object.assign(globalThis, globals);
  instance ??= create([]);
  const adapter = await instance.requestAdapter(ADAPTER_OPTIONS);
  if (!adapter) throw new ConcordError('CONFIGURATION', 'WebGPU finds no graphics adapter.');
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  const { info } = adapter as unknown as { info: GPUAdapterInfo & AdapterInfo };
  const backend = withNavigator(instance, () => new WebGPUBackend(device, info));
  tf.registerBackend('webgpu', () => backend);
  await exclusively(() => tf.setBackend('webgpu'));
  return { device, description: describe(info), users: 0 };
}

/** The constructor asks whether navigator.gpu is there; nothing else does, and Node should go on looking like Node. */
function withNavigator<T>(gpu: GPU, build: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return build();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}

export const webgpu: BackendDriver = { open, probe };
