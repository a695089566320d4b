using Ntm.Coordinator.Host;
using Ntm.Hosting;

return await Fatal.InvokeAsync(CoordinatorCommand.Program, CoordinatorCommand.Root(), args);
