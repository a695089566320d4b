using System.Runtime.InteropServices;

namespace Ntm.Linux;

/// <summary>
/// Debian's libnftables (libnftables(3)): commands in nft(8)'s own language, each batch all or nothing. Of the network namespace the calling thread is in. It
/// decides nothing about rules.
/// </summary>
public static partial class Nftables
{
    private const string Library = "libnftables.so.1";

    /// <summary>Runs commands, one a line; where one is refused, none is done.</summary>
    /// <returns>Null: done. Else why not, in nft's words.</returns>
    public static string? Run(string commands)
    {
        try
        {
            var context = New(0);
            if (context == 0)
            {
                return "libnftables has no memory or may not open netlink.";
            }

            try
            {
                // Into buffers: its words are ours to print, or not.
                _ = BufferOutput(context);
                _ = BufferError(context);
                return RunCommands(context, commands) == 0 ? null : Marshal.PtrToStringUTF8(ErrorBuffer(context))?.Trim() is { Length: > 0 } said ? said : "nft said nothing.";
            }
            finally
            {
                Free(context);
            }
        }
        catch (DllNotFoundException)
        {
            return $"{Library} is not there. Install nftables.";
        }
    }

    [LibraryImport(Library, EntryPoint = "nft_ctx_new")]
    private static partial nint New(uint flags);

    [LibraryImport(Library, EntryPoint = "nft_ctx_free")]
    private static partial void Free(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_buffer_output")]
    private static partial int BufferOutput(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_buffer_error")]
    private static partial int BufferError(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_get_error_buffer")]
    private static partial nint ErrorBuffer(nint context);

    [LibraryImport(Library, EntryPoint = "nft_run_cmd_from_buffer", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RunCommands(nint context, string commands);
}
