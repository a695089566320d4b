using System.Text;
using System.Xml;

namespace Ntm.Node.Mapping;

/// <summary>
/// Walks a box's XML: no document type, no entities but the five of XML, nothing looked up, bounded in length and depth, never an exception.
/// </summary>
internal static class XmlFields
{
    private const int Deepest = 32;

    private static readonly XmlReaderSettings s_settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        MaxCharactersInDocument = Limits,
        MaxCharactersFromEntities = 1,
    };

    private const long Limits = Protocol.Limits.MappingBodyBytes;

    /// <summary>Told of each element's end with its local name and the text directly within (leaves only: else empty).</summary>
    /// <returns>False where it is no such document; what was told of before that must not be used.</returns>
    public static bool TryWalk(ReadOnlySpan<byte> bytes, Action<string> begins, Action<string, string> ends)
    {
        if (bytes.Length > Protocol.Limits.MappingBodyBytes)
        {
            return false;
        }

        try
        {
            using var reader = XmlReader.Create(new StringReader(Encoding.UTF8.GetString(bytes).TrimEnd('\0')), s_settings);
            var text = "";
            while (reader.Read())
            {
                switch (reader.NodeType)
                {
                    case XmlNodeType.Element:
                        if (reader.Depth > Deepest)
                        {
                            return false;
                        }

                        text = "";
                        begins(reader.LocalName);
                        if (reader.IsEmptyElement)
                        {
                            ends(reader.LocalName, "");
                        }

                        break;
                    case XmlNodeType.Text or XmlNodeType.CDATA:
                        text = reader.Value;
                        break;
                    case XmlNodeType.EndElement:
                        ends(reader.LocalName, text.Trim());
                        text = "";
                        break;
                }
            }

            return true;
        }
        catch (XmlException)
        {
            return false;
        }
    }
}
