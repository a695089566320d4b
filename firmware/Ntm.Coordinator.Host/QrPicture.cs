using System.Text;
using Ntm.Hosting;
using QRCoder;

namespace Ntm.Coordinator.Host;

/// <summary>A text as a QR code for a terminal: two rows of modules a line, in UTF-8's half blocks; light modules are drawn, as terminals are dark.</summary>
internal static class QrPicture
{
    /// <summary>Light modules around the code. ISO/IEC 18004 wants 4; with 2 a code with all of an invite fits into 80 columns, and readers do with it.</summary>
    private const int Quiet = 2;

    private const string White = "\e[97;40m", Normal = "\e[0m";

    /// <param name="colours">Whether to say that light is white and dark is black: for terminals, which may have them the other way round.</param>
    /// <exception cref="FatalException">It is too long for a QR code.</exception>
    public static string Draw(string text, bool colours)
    {
        using var generator = new QRCodeGenerator();
        QRCodeData data;
        try
        {
            // L: what is on a screen has no scratches, and fewer modules are read more easily.
            data = generator.CreateQrCode(Encoding.ASCII.GetBytes(text), QRCodeGenerator.ECCLevel.L);
        }
        catch (QRCoder.Exceptions.DataTooLongException)
        {
            throw new FatalException(ExitCode.Usage, $"The invite has {text.Length} characters, too many for a QR code. Leave --qr out, or name fewer coordinators.");
        }

        using (data)
        {
            // QRCoder's matrix brings a margin of 4 modules.
            const int margin = 4;
            var size = data.ModuleMatrix.Count - (2 * margin);
            bool Light(int row, int column) => row < 0 || column < 0 || row >= size || column >= size || !data.ModuleMatrix[row + margin][column + margin];

            var picture = new StringBuilder();
            for (var row = -Quiet; row < size + Quiet; row += 2)
            {
                picture.Append(colours ? White : "");
                for (var column = -Quiet; column < size + Quiet; column++)
                {
                    picture.Append((Light(row, column), Light(row + 1, column)) switch
                    {
                        (true, true) => '\u2588',
                        (true, false) => '\u2580',
                        (false, true) => '\u2584',
                        _ => ' ',
                    });
                }

                picture.Append(colours ? Normal : "").Append('\n');
            }

            return picture.ToString();
        }
    }
}
