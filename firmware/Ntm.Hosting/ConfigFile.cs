using System.Text.Json;

namespace Ntm.Hosting;

/// <summary>A configuration file while it is read: its sections and what is wrong with it.</summary>
internal sealed class ConfigFile
{
    private const long LongestFile = 1 << 20;

    private ConfigFile(string path, JsonElement root)
    {
        Path = path;
        Root = new ConfigSection(this, "", root);
    }

    public string Path { get; }

    public ConfigSection Root { get; }

    public List<ConfigSection> Sections { get; } = [];

    public List<string> Problems { get; } = [];

    public static ConfigFile Read(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LongestFile })
            {
                throw new ConfigException(path, [$"it is longer than {LongestFile >> 20} MB."]);
            }

            return Parse(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigException(path, ["there is no such file. Make it, or name another with --config."], e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ConfigException(path, ["this user may not read it. Run as the user who owns it, or give it to this user."], e);
        }
        catch (IOException e)
        {
            throw new ConfigException(path, [$"it cannot be read: {e.Message}"], e);
        }
    }

    public static ConfigFile Parse(string path, byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(
                json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return new ConfigFile(path, document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new ConfigException(path, [$"it is no JSON from line {e.LineNumber + 1}, column {e.BytePositionInLine + 1} on. Correct it there or just before."], e);
        }
    }
}
