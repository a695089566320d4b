using System.Runtime.InteropServices;
using System.Text;
using Ntm.Box.Os;

namespace Ntm.Box.Links;

/// <summary>
/// One end of a link: an Ethernet interface in a place of the box (TAP), whose frames this program reads and writes. It has no offloads, so that frames are single, whole and with
/// their checksums, as on a wire. It goes when it is disposed of; until then its namespace stays, too, whoever deletes that.
/// </summary>
internal sealed unsafe class Tap : IDisposable
{
    private const int NameSize = 16, RequestSize = 40;

    private Tap(int descriptor, string name, NetworkNamespace place)
    {
        Descriptor = descriptor;
        Name = name;
        Place = place;
    }

    public int Descriptor { get; private set; }

    /// <summary>The interface's, in its place.</summary>
    public string Name { get; }

    public NetworkNamespace Place { get; }

    /// <param name="name">At most 15 characters.</param>
    /// <exception cref="BoxFailed">No device node, no privilege, or the name is in use there.</exception>
    public static Tap Open(NetworkNamespace place, string name)
    {
        var descriptor = Linux.NetworkNamespace.Run(place.Name, () => Attach(name));
        return descriptor >= 0 ? new Tap(descriptor, name, place) : throw new BoxFailed($"the link's end {name} in {place.Name} could not be made: {Marshal.GetPInvokeErrorMessage(-descriptor)}");
    }

    /// <summary>Whether its place sees a carrier.</summary>
    public void SetCarrier(bool isThere)
    {
        var carrier = isThere ? 1 : 0;
        if (TapNative.IoControl(Descriptor, TapNative.SetCarrier, &carrier) != 0)
        {
            throw new BoxFailed($"the carrier of {Name} in {Place.Name} could not be {(isThere ? "given" : "taken")}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    public void Dispose()
    {
        if (Descriptor >= 0)
        {
            _ = TapNative.Close(Descriptor);
            Descriptor = -1;
        }
    }

    /// <returns>A descriptor, or an error number, negative.</returns>
    private static int Attach(string name)
    {
        var descriptor = TapNative.Open("/dev/net/tun", TapNative.OpenReadWrite | TapNative.OpenNonBlocking | TapNative.OpenCloseOnExec);
        if (descriptor < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        var request = stackalloc byte[RequestSize]; // struct ifreq: the name, then the flags
        new Span<byte>(request, RequestSize).Clear();
        Encoding.ASCII.GetBytes(name, new Span<byte>(request, NameSize - 1));
        *(short*)(request + NameSize) = TapNative.FlagTap | TapNative.FlagNoPacketInformation;
        if (TapNative.IoControl(descriptor, TapNative.SetInterface, request) == 0)
        {
            return descriptor;
        }

        var error = Marshal.GetLastPInvokeError();
        _ = TapNative.Close(descriptor);
        return -error;
    }
}
