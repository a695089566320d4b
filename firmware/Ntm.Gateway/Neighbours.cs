using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Ntm.Linux;
using Ntm.Node;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// Tells the core which MAC address has which LAN address: every few seconds, and at once when a packet or a DNS question came from somebody it does not
/// know. Reads the kernel's table, and where it is configured the DHCP leases, on a thread of its own; nothing is ever sent.
/// </summary>
public sealed class Neighbours(LanConfig lan, Action<IReadOnlyList<Neighbour>> seen, Action<IReadOnlyList<Lease>> leased, ILogger log) : BackgroundService
{
    /// <summary>How often it looks unasked.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>Least time between two looks, however often it is asked.</summary>
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(50);

    private readonly Channel<bool> _wanted =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Least time between two looks at the leases.</summary>
    private static readonly TimeSpan LeaseSpacing = TimeSpan.FromSeconds(1);

    private readonly LeaseFile? _leases = lan.Leases is { } path ? new(path, lan.Networks) : null;
    private TimeSpan _leasesAt = -LeaseSpacing;
    private bool _failing;
    private bool _leasesFailing;

    /// <summary>Look soon. From any thread; never blocks.</summary>
    public void Want() => _wanted.Writer.TryWrite(true);

    /// <summary>The entries that can be devices of the home.</summary>
    public static IReadOnlyList<Neighbour> Choose(LanConfig lan, IEnumerable<NeighbourEntry> entries) =>
    [
        .. entries.Where(entry => IsDevice(lan, entry.Address)).OrderBy(entry => entry.Confirmed).Select(entry => new Neighbour(entry.Address, entry.Mac)),
    ];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            LookAtLeases();
            Look();
            await Task.Delay(Spacing, stoppingToken);
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            waiting.CancelAfter(Period);
            try
            {
                await _wanted.Reader.ReadAsync(waiting.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // Time to look unasked.
            }
        }
    }

    private static bool IsDevice(LanConfig lan, IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? lan.IPv6 && !address.IsIPv6Multicast
        : lan.Networks.Any(network => network.Contains(address));

    // Every time, changed or not: whom an address belongs to also depends on who was seen. Before the neighbours, so that they have the last word.
    private void LookAtLeases()
    {
        if (_leases is null || BootClock.Boot - _leasesAt < LeaseSpacing)
        {
            return;
        }

        _leasesAt = BootClock.Boot;
        try
        {
            _leases.Look();
            _leasesFailing = false;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            if (!_leasesFailing)
            {
                log.Warning("The DHCP leases in {File} cannot be read: {Reason}", lan.Leases, refused.Message);
            }

            _leasesFailing = true;
        }

        if (_leases.Leases.Count > 0)
        {
            leased(_leases.Leases);
        }
    }

    private void Look()
    {
        try
        {
            seen(Choose(lan, NeighbourTable.Read(lan.Interface)));
            _failing = false;
        }
        catch (LinuxException refused)
        {
            if (!_failing)
            {
                log.Warning("The devices of the LAN cannot be seen: {Reason}", refused.Message);
            }

            _failing = true;
        }
    }
}
