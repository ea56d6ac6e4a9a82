/**
 * The part of the environment that a worker process gets: what the system, Node and GPU drivers need. Credentials of the
 * scanner (object stores, registries, databases) stay out of the process that handles hostile files.
 */
export function workerEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...returnsMemory,
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => passed.test(name))),
  };
}

/**
 * glibc keeps freed blocks of up to 32 MiB for itself, and a session leaves copies of all its weights behind: above 1 MiB they
 * go back to the system. Other C libraries do not read these.
 */
const returnsMemory = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_TRIM_THRESHOLD_: '1048576' };

const passed = new RegExp(
  [
    '^(PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP',
    '|SYSTEMROOT|SYSTEMDRIVE|WINDIR|USERPROFILE|LOCALAPPDATA|APPDATA|PROGRAMDATA',
    '|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_.*|GLIBC_TUNABLES|MALLOC_.*|OMP_.*',
    '|CUDA_.*|CUDNN_.*|CUBLAS_.*|NVIDIA_.*|VK_.*|XDG_RUNTIME_DIR|DISPLAY|ORT_.*',
    '|NODE_V8_COVERAGE|NODE_EXTRA_CA_CERTS)$',
  ].join(''),
  'i',
);
