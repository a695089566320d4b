using Ntm.Crypto;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>A test of what only a processor with instructions for AES can do; elsewhere it is skipped, with that reason.</summary>
internal sealed class AesInstructionsFactAttribute : FactAttribute
{
    public AesInstructionsFactAttribute()
    {
        if (!CipherHardware.HasAes)
        {
            Skip = "This processor has no instructions for AES and carry-less multiplication.";
        }
    }
}
