/**
 * The part of the environment that a worker process gets: what the system, Node and GPU drivers need. Credentials of the
 * scanner (object stores, registries, databases) stay out of the process that handles hostile files.
 */
export function workerEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => passed.test(name)));
}

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
