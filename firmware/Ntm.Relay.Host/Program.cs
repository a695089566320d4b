using Ntm.Hosting;
using Ntm.Relay.Host;

return await Fatal.InvokeAsync(RelayCommand.Program, RelayCommand.Root(), args);
