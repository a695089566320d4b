using Ntm.Cli.Text;
using Ntm.Fast.Tests.Interface;

namespace Ntm.Fast.Tests.Cli;

/// <summary>What `ntm` says in words, word for word.</summary>
public sealed class TextTests
{
    [Fact]
    public void Uplinks() => Is(
        """
        catv  usable: it has an address and a default route by IPv4 and IPv6
          addresses  192.0.2.7:41641, [2001:db8:1::7]:41641
          seen as    198.51.100.44:41641 by the coordinator, 198.51.100.44:41641 by the relay
          IPv4       Behind a NAT that uses one outside port for all destinations, lets in only addresses spoken to, forgets silent mappings after about 2 min.
                     Direct connections work with nearly all homes.
                     Coordinators and relays hear from here every 1 min 22 s at least, so that the way back stays open.
          IPv4 port  port 41641 is open at 198.51.100.44:41641 by PCP (until 18:30 UTC, renewed before)
          IPv6 port  no port is open: the box at fe80::1 does not open one (PCP: no answer)
          traffic    received 184.2 MB, sent 22.9 MB

        lte  unusable: the interface wan1 has no address
          addresses  none
          seen as    not known yet
          NAT        not known yet
          traffic    received 0 B, sent 0 B

        """, output => UplinksText.Write(SamplePicture.Member.Status.Uplinks, output));

    [Fact]
    public void Status() => Is(
        """
        This home   alice.home.example
        Zone        home.example
        Address     fd3c:9a51:7e02:4b1d:88c2:9f10:6a7e:0
        Key         HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=
        Registered  yes (coordinator: registered)
        Gateway     version 0.1.0, running for 2 h 15 min

        Coordinators
          dc1  203.0.113.10:4916  connected  heard 12 s ago

        Relays
          rs1  203.0.113.20:4916  connected      heard 4 s ago
          rs2  203.0.113.21:4916  not connected  heard never

        Uplinks
          catv  usable: it has an address and a default route by IPv4 and IPv6
            addresses  192.0.2.7:41641, [2001:db8:1::7]:41641
            seen as    198.51.100.44:41641 by the coordinator, 198.51.100.44:41641 by the relay
            NAT        a NAT that maps independently of the destination
            IPv4 port  port 41641 is open at 198.51.100.44:41641 by PCP (until 18:30 UTC, renewed before)
            IPv6 port  no port is open: the box at fe80::1 does not open one (PCP: no answer)
            traffic    received 184.2 MB, sent 22.9 MB
          lte  unusable: the interface wan1 has no address
            addresses  none
            seen as    not known yet
            NAT        not known yet
            traffic    received 0 B, sent 0 B

        Data path
          TUN        super-packets of TCP and UDP
          ciphers    AES-256-GCM, ChaCha20-Poly1305
          lanes      3
          catv IPv4  sends runs, receives runs
          catv IPv6  sends one by one: the device spoils runs, receives runs

        Counted
          admission-not-published  41
          tunnel-replayed          3

        """, output => StatusText.Write(SamplePicture.Member.Status, output));

    [Fact]
    public void Status_of_a_home_without_a_zone() => Is(
        """
        This home  is not a member of a zone yet. Join one: ntm join CODE [--name NAME]
        Gateway    version 0.1.0, running for 2 h 15 min

        Uplinks
          none

        """, output => StatusText.Write(SamplePicture.Alone.Status with { Uplinks = [], DataPath = null }, output));

    [Fact]
    public void Devices() => Is(
        """
        MAC                NUMBER  PUBLISHED AS                SEEN            ADDRESSES
        02:00:5e:10:00:01  1       nas.alice.home.example      2 s ago         192.168.1.20, fe80::5eff:fe10:1
        02:00:5e:10:00:02  2       not published               1 min 35 s ago  192.168.1.34
        02:00:5e:10:00:03  3       printer.alice.home.example  never           none known

        """, output => DevicesText.Write(SamplePicture.Member.Devices, output));

    [Fact]
    public void A_device_of_several_mac_addresses_and_what_one_calls_itself() => Is(
        """
        MAC                NUMBER  PUBLISHED AS                        SEEN            ADDRESSES
        02:00:5e:10:00:01  1       nas.alice.home.example              2 s ago         192.168.1.20, fe80::5eff:fe10:1
        02:00:5e:10:00:08          the same device
        02:00:5e:10:00:02  2       not published (says it is bobs-pc)  1 min 35 s ago  192.168.1.34

        """, output => DevicesText.Write(
            [
                SamplePicture.Member.Devices[0] with { Macs = ["02:00:5e:10:00:01", "02:00:5e:10:00:08"], Hint = "storage" },
                SamplePicture.Member.Devices[1] with { Hint = "bobs-pc" },
            ], output));

    [Fact]
    public void Peers() => Is(
        """
        bob.home.example  direct
          why        both directions are proven, 18.2 ms round trip
          address    fd3c:9a51:7e02:77aa:1f0e:2bb1:90c4:0
          key        bQ1WJlHyyCwGlQR1V9H0bJbpPYO7OvvlGLC3yQe3rQo=
          cipher     AES-256-GCM
          handshake  1 min 4 s ago
          heard      1 s ago
          traffic    received 98.4 MB, sent 5.3 MB
          alias      198.18.0.7 stands for nas.bob.home.example

        """, output => PeersText.Write([SamplePicture.Member.Peers[0]], output));

    [Fact]
    public void Paths() => Is(
        """
        bob.home.example  direct: both directions are proven, 18.2 ms round trip
          STATE   KIND    UPLINK  ADDRESS                       ROUND TRIP    MTU           SENT     RECEIVED  WHY
          used    mapped  catv    198.51.100.80:51820           18 ms         1412 probed   5.3 MB   98.4 MB   both directions are proven, 18.2 ms round trip
          proven  relay   catv    203.0.113.20:4916 channel 17  42 ms         1200 assumed  12.4 kB  11.0 kB   ready, not used
          failed  local   catv    192.168.7.2:51820             not measured  1200 assumed  620 B    0 B       went silent

        dora.home.example  no tunnel now: no path is proven
          no path is known

        """, output => PathsText.Write([SamplePicture.Member.Peers[0], SamplePicture.Member.Peers[2]], output));

    [Fact]
    public void Nothing_to_show_says_what_to_do()
    {
        Is("No device of this home has been seen yet. One shows up when it sends something through the gateway.\n", output => DevicesText.Write([], output));
        Is("No tunnel with another home yet. One is made when a device asks for a name there.\n", output => PathsText.Write([], output));
        Is("No tunnel with another home yet. One is made when a device asks for a name there.\n", output => PeersText.Write([], output));
    }

    [Theory]
    [InlineData(0d, "0 s ago")]
    [InlineData(59_999d, "59 s ago")]
    [InlineData(60_000d, "1 min 0 s ago")]
    [InlineData(3_600_000d, "1 h 0 min ago")]
    [InlineData(90_000_000d, "1 d 1 h ago")]
    [InlineData(-5d, "0 s ago")]
    [InlineData(null, "never")]
    public void Ages(double? milliseconds, string words) => Assert.Equal(words, Words.Ago(milliseconds));

    private static void Is(string expected, Action<StringWriter> write)
    {
        using var output = new StringWriter { NewLine = "\n" };
        write(output);
        Assert.Equal(expected.ReplaceLineEndings("\n"), output.ToString());
    }
}
