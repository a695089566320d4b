using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ntm.Linux;

/// <summary>
/// The structures that recvmmsg and sendmmsg work on, pinned: for each message a header, an address, its control messages and its vectors.
/// </summary>
internal sealed unsafe class MessageRing
{
    private const int AddressSize = 32; // struct sockaddr_in6 has 28

    private readonly byte[] _addresses;
    private readonly Libc.ControlMessage[] _controls;
    private readonly Libc.MultiMessage[] _messages;
    private readonly Libc.IoVector[] _vectors;
    private readonly int _vectorsEach;
    private readonly int _controlsEach;

    /// <param name="messages">How many.</param>
    /// <param name="vectorsEach">Vectors of one message at most.</param>
    /// <param name="controlsEach">Control messages of one message at most: as much room as so many <see cref="Libc.ControlMessage"/> take.</param>
    public MessageRing(int messages, int vectorsEach, int controlsEach = 1)
    {
        (_vectorsEach, _controlsEach) = (vectorsEach, controlsEach);
        _addresses = GC.AllocateArray<byte>(messages * AddressSize, pinned: true);
        _controls = GC.AllocateArray<Libc.ControlMessage>(messages * controlsEach, pinned: true);
        _messages = GC.AllocateArray<Libc.MultiMessage>(messages, pinned: true);
        _vectors = GC.AllocateArray<Libc.IoVector>(messages * vectorsEach, pinned: true);
        for (var i = 0; i < _messages.Length; i++)
        {
            _messages[i].Name = (nint)Address(i);
            _messages[i].Vectors = (nint)Vector(i, 0);
            _messages[i].VectorCount = 1;
        }
    }

    public Libc.MultiMessage* Message(int index) => (Libc.MultiMessage*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages)) + index;

    public byte* Address(int index) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_addresses)) + (index * AddressSize);

    public Libc.ControlMessage* Control(int index) =>
        (Libc.ControlMessage*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_controls)) + (index * _controlsEach);

    public Libc.IoVector* Vector(int message, int index) =>
        (Libc.IoVector*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_vectors)) + (message * _vectorsEach) + index;
}
