import { readContainerEnvironment } from '../../src/adapters/docker/container-environment.ts';
import { SimulatedContainerRuntime } from '../support/simulated-container-runtime.ts';
import { type ContainerSpec, containerRuntimeContract } from './container-runtime.contract.ts';

containerRuntimeContract('simulated container runtime', async () => {
  const daemon = new SimulatedContainerRuntime();
  let files = 0;

  function create(spec: ContainerSpec): string {
    const { name, project = null, service = null, oneOff = false, composeFile, output = [], exitCode } = spec;
    const environment = Object.entries(spec.environment ?? {}).map(([key, value]) => `${key}=${value}`);
    const id = daemon.add({
      ...{ name, project, service, oneOff, ...readContainerEnvironment(environment) },
      ...(composeFile === undefined ? {} : { composeFile }),
      onStart: () => {
        for (const { stream, text } of output) {
          daemon.clock.advance(1);
          daemon.log(id, text, stream);
        }
        if (exitCode !== undefined) daemon.exit(id, exitCode);
      },
    });
    return id;
  }

  return {
    open: (secrets) => daemon.runtime(secrets),
    create: async (spec) => create(spec),
    start: async (id) => {
      daemon.clock.advance(1);
      daemon.startContainer(id);
    },
    stop: async (id) => {
      daemon.clock.advance(1);
      daemon.stopContainer(id);
    },
    writeComposeFile: async (services) => {
      files += 1;
      daemon.writeComposeFile(`/srv/${files}.yml`, services);
      return `/srv/${files}.yml`;
    },
    fingerprint: async () => daemon.fingerprint(),
    [Symbol.asyncDispose]: async () => undefined,
  };
});
