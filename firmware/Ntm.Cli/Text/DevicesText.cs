using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm devices` in words.</summary>
public static class DevicesText
{
    public static void Write(IReadOnlyList<DeviceDocument> devices, TextWriter output)
    {
        if (devices.Count == 0)
        {
            output.WriteLine("No device of this home has been seen yet. One shows up when it sends something through the gateway.");
            return;
        }

        var rows = new List<string[]> { new[] { "MAC", "NUMBER", "PUBLISHED AS", "SEEN", "ADDRESSES" } };
        foreach (var device in devices)
        {
            rows.Add([
                device.Mac,
                device.Number == 0 ? "-" : device.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), // it gets one when it is first needed
                device.Published ? device.FullName ?? device.Name ?? "yes" : device.Hint is { } hint ? $"not published (says it is {hint})" : "not published",
                Words.Ago(device.LastSeenMs),
                device.Addresses.Count == 0 ? "none known" : string.Join(", ", device.Addresses),
            ]);
            rows.AddRange(device.Macs.Where(mac => mac != device.Mac).Select(mac => new[] { mac, "", "the same device", "", "" }));
        }

        Columns.Write(output, rows);
        if (devices.All(device => !device.Published))
        {
            output.WriteLine();
            output.WriteLine("None can be reached from other homes. Publish one: ntm publish NAME MAC-OR-IP");
        }
    }
}
